//! Who asks for what. Small on purpose: what goes wrong at all goes wrong among two or three.

use model::Request;

use crate::system::{Errand, Scenario};

/// Two codes for three keys, each asked for twice.
pub(crate) fn at_once() -> Scenario {
    Scenario {
        codes: 2,
        errands: vec![Errand::Keep, Errand::Keep, Errand::Keep],
        asks: 2,
        calls: 3,
        cuts: 1,
        ..Scenario::default()
    }
}

pub(crate) fn given_back() -> Scenario {
    Scenario {
        codes: 1,
        errands: vec![Errand::GiveBack, Errand::Keep, Errand::Keep],
        asks: 2,
        settles: 2,
        calls: 2,
        cuts: 1,
        ..Scenario::default()
    }
}

pub(crate) fn holds() -> Scenario {
    Scenario {
        codes: 1,
        errands: vec![Errand::Confirm, Errand::Keep],
        operator: vec![Request::Sweep, Request::Sweep],
        asks: 1,
        settles: 1,
        calls: 3,
        cuts: 2,
        ticks: 1,
    }
}

pub(crate) fn operator() -> Scenario {
    Scenario {
        codes: 1,
        errands: vec![Errand::GiveBack, Errand::Keep],
        operator: vec![Request::Disable(0), Request::Load(1), Request::Archive],
        asks: 1,
        settles: 1,
        calls: 2,
        cuts: 1,
        ..Scenario::default()
    }
}

/// Two sweeps at once, and enough keys to take what they put back.
pub(crate) fn swept_twice() -> Scenario {
    Scenario {
        errands: vec![Errand::Confirm, Errand::Keep, Errand::Keep, Errand::Keep],
        asks: 1,
        calls: 2,
        cuts: 0,
        ..holds()
    }
}
