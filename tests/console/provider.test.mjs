// Signing in by an identity provider, a certified one.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertAccessible, close, page, url, workspace } from "./console.mjs";

const issuer = JSON.parse(process.env.CONSOLE_ENVIRONMENT).COUPONRY_OIDC_ISSUER;

after(close);

/** A page of a browser that has come as far as the provider. */
async function atProvider() {
  const visitor = await page();
  // The provider's own pages want fonts from elsewhere.
  await visitor.route((asked) => ![url, issuer].includes(asked.origin), (route) => route.abort());
  await visitor.goto(`${workspace}/find?q=x`);
  await assertAccessible(visitor, "sign-in with a provider");
  await visitor.click("text=Sign in with 127.0.0.1");
  await visitor.waitForURL(`${issuer}/**`);
  return visitor;
}

async function signInThere(visitor, name) {
  await visitor.fill("[name=login]", name);
  await visitor.fill("[name=password]", "anything");
  await visitor.click("button[type=submit]");
  // What the provider may tell of whom.
  await visitor.click("text=Continue");
}

function assertQuietHere(visitor) {
  const here = visitor.trouble.filter((text) => !text.startsWith("asked ") && !text.includes(issuer));
  assert.deepEqual(here, []);
}

test("somebody whom the provider gives a role comes in and to the page that was asked for", async () => {
  const visitor = await atProvider();
  await signInThere(visitor, "ada");
  await visitor.waitForURL(`${workspace}/find?q=x`);
  assert.match(await visitor.textContent("details.menu summary"), /Ada of the provider/);
  await visitor.goto(`${workspace}/lists/new`);
  assert.equal(await visitor.locator("form [name=label]").count(), 1, "a manager may make lists");
  await visitor.click("details.menu summary");
  await visitor.click("text=Sign out");
  await visitor.waitForURL(`${url}/console/sign-in`);
  // The provider knows the browser by now.
  await visitor.click("text=Sign in with 127.0.0.1");
  await visitor.waitForURL(`${workspace}/lists`);
  assertQuietHere(visitor);
});

test("who breaks it off there is told so here, and may try again", async () => {
  const visitor = await atProvider();
  await visitor.click("text=Cancel");
  await visitor.waitForURL(`${url}/console/sign-in/provider/back**`);
  assert.equal(await visitor.textContent("h1"), "You are not signed in");
  await assertAccessible(visitor, "sign-in by the provider failed");
  await visitor.click("text=Try 127.0.0.1 again");
  await visitor.waitForURL(`${issuer}/**`);
  await visitor.goBack();
});

test("an address that is not verified, and somebody without a role, do not come in", async () => {
  for (const [name, why] of [["unverified", /verified/], ["stranger", /nobody here has your address/]]) {
    const visitor = await atProvider();
    await signInThere(visitor, name);
    await visitor.waitForURL(`${url}/console/sign-in/provider/back**`);
    assert.match(await visitor.textContent("main"), why);
    await visitor.goto(`${workspace}/lists`);
    assert.match(visitor.url(), /\/console\/sign-in/);
  }
});
