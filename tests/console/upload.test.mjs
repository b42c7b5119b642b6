// Codes into a list: by hand, pasted, by address; and a file that is bad.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { admin, assertQuiet, close, codes, csv, list, take, workspace } from "./console.mjs";

after(close);

const done = (visitor) => visitor.waitForSelector(".figures", { timeout: 60_000 });
const figure = (visitor, n) => visitor.locator(".figures dd").nth(n).textContent();

test("a file is looked at, sent and loaded, and what was left out is told by its line", async () => {
  const visitor = await admin();
  const id = await list("By hand", codes("K", 3));
  await visitor.goto(`${workspace}/lists/${id}/upload`);
  const bytes = Buffer.from(csv([...codes("NEW", 20), "K-0", "x,y"]));
  await visitor.setInputFiles("#file", { name: "new codes.csv", mimeType: "text/csv", buffer: bytes });
  await visitor.waitForFunction(() => /looks good/.test(document.querySelector("[data-check]").textContent));
  await visitor.click("text=Send it");
  await done(visitor);
  assert.deepEqual([await figure(visitor, 0), await figure(visitor, 1), await figure(visitor, 2)], ["20", "1", "1"]);
  assert.match(await visitor.textContent("section:has(#rejections)"), /23\s*row has more fields/);
  assertQuiet(visitor);
});

test("a file that is no file of codes is told before it is sent, and fails with its reason", async () => {
  const visitor = await admin();
  const id = await list("Bad file");
  await visitor.goto(`${workspace}/lists/${id}/upload`);
  const bytes = Buffer.from("name;address\nx;y\n");
  await visitor.setInputFiles("#file", { name: "people.csv", mimeType: "text/csv", buffer: bytes });
  await visitor.waitForFunction(() => /does not name a column/.test(document.querySelector("[data-check]").textContent));
  await visitor.click("text=Send it");
  await visitor.waitForSelector(".refusal", { timeout: 60_000 });
  assert.match(await visitor.textContent(".refusal"), /header 'Coupon Code' not found/);
});

test("codes are pasted without script, and a file is set aside, resumed and deleted", async () => {
  const visitor = await admin({ javaScriptEnabled: false });
  const id = await list("Pasted");
  await visitor.goto(`${workspace}/lists/${id}/upload`);
  await visitor.fill("#pasted", codes("P", 50).join("\n"));
  await visitor.click("text=Add them");
  await visitor.waitForURL("**/files/*");
  while ((await visitor.locator(".figures").count()) === 0) await visitor.reload();
  assert.equal(await figure(visitor, 0), "50");
  await visitor.getByRole("button", { name: "Set it aside" }).click();
  assert.match(await visitor.textContent(".message"), /none of its codes goes out/);
  await assert.rejects(take(id, "u"), /coupons-exhausted/);
  await visitor.getByRole("button", { name: "Resume it" }).click();
  await take(id, "u");
  await visitor.click("text=Delete the file");
  await visitor.getByRole("button", { name: "Delete it" }).click();
  assert.match(await visitor.textContent(".message"), /deleted/);
  assertQuiet(visitor);
});

test("a file is fetched from an address", async () => {
  const visitor = await admin();
  const host = createServer((_, answer) => answer.end(csv(codes("U", 20))));
  await new Promise((resolve) => host.listen(0, "127.0.0.1", resolve));
  const id = await list("By address");
  await visitor.goto(`${workspace}/lists/${id}/upload`);
  await visitor.fill("#url", `http://127.0.0.1:${host.address().port}/codes.csv`);
  await visitor.click("text=Fetch it");
  await done(visitor);
  assert.equal(await figure(visitor, 0), "20");
  host.close();
  assertQuiet(visitor);
});
