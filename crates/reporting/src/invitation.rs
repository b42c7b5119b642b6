//! Mailing an invitation: at least once, and with another link each time.

use storage::{InvitationToSend, Token};
use tracing::info;

use crate::{
    letter::Letter,
    mailer::{MailError, Mailer, NO_ADDRESS},
    message::message,
    metrics::count_mail,
    relay::address,
};

impl Mailer {
    /// Mails an invitation, if it still is to be mailed, and ends its job. `link` is where its token is followed.
    pub async fn invite(
        &self,
        invitation: &InvitationToSend,
        link: impl Fn(&Token) -> String,
    ) -> Result<(), MailError> {
        if let Some(said) = self.storage.invitation_to_mail(invitation).await? {
            let letter = Letter::of_invitation(&said, link(&said.token), &self.zone);
            let sent = self.send_invitation(&said.email, &letter).await;
            count_mail(&sent);
            sent?;
            info!("an invitation was mailed");
        }
        self.storage.invitation_mailed(invitation).await?;
        Ok(())
    }

    async fn send_invitation(&self, email: &str, letter: &Letter) -> Result<(), MailError> {
        let recipient = address(email).ok_or(MailError::Never(NO_ADDRESS))?;
        // Each try says something else, the token, and so is another mail.
        let id = format!("{:032x}.invitation", rand::random::<u128>());
        let envelope = self.envelope(&recipient)?;
        let message = message(&self.relay.from, &envelope, &id, letter, None)?;
        self.hand_over(&recipient, &message).await
    }
}
