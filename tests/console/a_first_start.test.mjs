// First start and sign-in. Its file comes first: the link for setting up is good as long as there is nobody.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { PASSWORD, assertAccessible, assertQuiet, close, page, signIn, url, workspace } from "./console.mjs";

after(close);

test("the first admin comes in by the link of the log, and later by e-mail and password", async () => {
  const visitor = await page();
  await visitor.goto(process.env.CONSOLE_SETUP);
  await assertAccessible(visitor, "setup");
  await visitor.fill("#name", "Grace Hopper");
  await visitor.fill("#email", "grace@example.com");
  await visitor.fill("#password", PASSWORD);
  await visitor.fill("#again", "another horse battery");
  await visitor.click("main button");
  assert.match(await visitor.textContent(".refusal"), /not the same/);
  assert.equal(await visitor.inputValue("#email"), "grace@example.com");
  await visitor.fill("#password", PASSWORD);
  await visitor.fill("#again", PASSWORD);
  await visitor.click("main button");
  await visitor.waitForURL(`${workspace}/lists`);
  await visitor.click("details.menu summary");
  await visitor.click("text=Sign out");
  await visitor.waitForURL(`${url}/console/sign-in`);

  await visitor.goto(process.env.CONSOLE_SETUP);
  assert.equal(await visitor.textContent("h1"), "This link opens nothing any more");

  await visitor.goto(`${workspace}/find?q=x`);
  await assertAccessible(visitor, "sign-in");
  await visitor.fill("#email", "grace@example.com");
  await visitor.fill("#password", PASSWORD);
  await visitor.keyboard.press("Enter");
  await visitor.waitForURL(`${workspace}/find?q=x`);
  assertQuiet(visitor);
});

test("a wrong password and an unknown address are told alike", async () => {
  const visitor = await page();
  const told = [];
  for (const email of ["grace@example.com", "nobody@example.com"]) {
    await signIn(visitor, email, "no horse and no battery");
    told.push(await visitor.textContent(".refusal"));
  }
  assert.equal(told[0], told[1]);
});
