// Codes into a list: by hand, pasted, by address; and a file that is bad.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { admin, api, assertQuiet, close, codes, csv, list, take, workspace } from "./console.mjs";

after(close);

const done = (visitor) => visitor.waitForSelector(".figures", { timeout: 60_000 });
const figure = (visitor, n) => visitor.locator(".figures dd").nth(n).textContent();

/** The CSV behind the link, as the browser keeps it. */
async function rejections(visitor) {
  const coming = visitor.waitForEvent("download");
  await visitor.click("text=All of them as CSV");
  const download = await coming;
  assert.match(download.suggestedFilename(), /^rejected-rows-[0-9a-f]{24}\.csv$/);
  return readFileSync(await download.path(), "utf8");
}

const stock = async (id) => (await api("GET", `/coupon-list/${id}/stock`)).total;

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
  assert.match(await visitor.textContent("#known"), /0 repeated in the file itself, 1 in the list, 0 that the list had once/);
  assert.match(await visitor.textContent("section:has(#rejections)"), /1 row: row has more fields[^]*23\s*x\s*row has more fields/);
  assert.match(await rejections(visitor), /^\uFEFF?Line,Value,Reason\r\n23,x,row has more fields than the header\r\n$/);
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
  const file = visitor.url();
  await visitor.goto(`${workspace}/lists/${id}`);
  assert.match(await visitor.textContent("[aria-label='Files'] tbody"), /set aside/);
  // Nothing copies where there is no script.
  assert.equal(await visitor.getByRole("button", { name: "Copy" }).count(), 0);
  await visitor.goto(file);
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

test("a file is only checked, and then sent for real by the same form", async () => {
  const visitor = await admin();
  const id = await list("Checked", codes("K", 3));
  const form = `${workspace}/lists/${id}/upload`;
  await visitor.goto(form);
  const file = { name: "new codes.csv", mimeType: "text/csv", buffer: Buffer.from(csv([...codes("NEW", 20), "NEW-1", "K-0", "x,y"])) };
  await visitor.setInputFiles("#file", file);
  await visitor.locator("section:has(#by-hand)").getByRole("button", { name: "Check only" }).click();
  await done(visitor);
  assert.match(await visitor.textContent("#checked"), /nothing of it is in the list/);
  assert.deepEqual([await figure(visitor, 0), await figure(visitor, 1), await figure(visitor, 2)], ["20", "2", "1"]);
  assert.match(await visitor.textContent("#known"), /1 repeated in the file itself, 1 in the list/);
  assert.match(await rejections(visitor), /\r\n24,x,row has more fields/);
  assert.equal(await visitor.locator("text=Set it aside").count(), 0);
  assert.equal(await stock(id), 3);

  await visitor.goto(`${workspace}/lists/${id}`);
  await visitor.click("text=Files that were only checked");
  assert.match(await visitor.textContent("[aria-label='Files that were only checked']"), /new codes\.csv\s*checked only\s*20\s*3/);
  await visitor.click("[aria-label='Files that were only checked'] a");
  await visitor.click("text=Add it for real");
  await visitor.waitForURL(form);
  await visitor.setInputFiles("#file", file);
  await visitor.click("text=Send it");
  await done(visitor);
  assert.equal(await visitor.locator("#checked").count(), 0);
  assert.equal(await stock(id), 23);
  assertQuiet(visitor);
});

test("codes are checked without script, sent by the form that the browser goes back to, and a bad file would fail", async () => {
  const visitor = await admin({ javaScriptEnabled: false });
  const id = await list("Checked without script");
  const looked = async () => {
    await visitor.waitForURL("**/files/*");
    while ((await visitor.locator("[data-refresh]").count()) > 0) await visitor.reload();
  };
  await visitor.goto(`${workspace}/lists/${id}/upload`);
  await visitor.fill("#pasted", codes("P", 50).join("\n"));
  await visitor.locator("section:has(#pasted)").getByRole("button", { name: "Check only" }).click();
  await looked();
  assert.equal(await figure(visitor, 0), "50");
  assert.equal(await stock(id), 0);
  await visitor.goBack();
  await visitor.fill("#pasted", codes("P", 50).join("\n"));
  await visitor.click("text=Add them");
  await looked();
  assert.equal(await stock(id), 50);

  await visitor.goto(`${workspace}/lists/${id}/upload`);
  await visitor.setInputFiles("#file", { name: "people.csv", mimeType: "text/csv", buffer: Buffer.from("name\nx\n") });
  await visitor.locator("section:has(#by-hand)").getByRole("button", { name: "Check only" }).click();
  await looked();
  assert.match(await visitor.textContent(".refusal"), /only checked, and it would not be loaded: header 'Coupon Code' not found/);
  assertQuiet(visitor);
});

test("a file at an address is checked, and its address is there to add it for real", async () => {
  const visitor = await admin();
  const host = createServer((_, answer) => answer.end(csv(codes("U", 20))));
  await new Promise((resolve) => host.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${host.address().port}/codes.csv`;
  const id = await list("Checked by address");
  await visitor.goto(`${workspace}/lists/${id}/upload`);
  await visitor.fill("#url", url);
  await visitor.locator("section:has(#by-url)").getByRole("button", { name: "Check only" }).click();
  await done(visitor);
  assert.equal(await stock(id), 0);
  await visitor.click("text=Add it for real");
  assert.equal(await visitor.inputValue("#url"), url);
  await visitor.click("text=Fetch it");
  await done(visitor);
  assert.equal(await stock(id), 20);
  host.close();
  assertQuiet(visitor);
});

test("whoever has a code of a bad file gets another one, once, and somebody else can take it up", async () => {
  const visitor = await admin({ javaScriptEnabled: false });
  const id = await list("Bad batch", codes("BAD", 5));
  for (const user of ["ann", "bob"]) await take(id, user);
  await visitor.goto(`${workspace}/lists/${id}`);
  await visitor.click("main table a");
  await visitor.getByRole("button", { name: "Set it aside" }).click();
  assert.match(await visitor.textContent(".steps"), /2 of its codes are with somebody[^]*has 0 other codes/);
  await visitor.getByRole("button", { name: "Give them another code" }).click();
  assert.match(await visitor.textContent(".message"), /0 people got another code. Then the list ran out of codes/);
  const file = visitor.url();
  await visitor.goto(`${workspace}/lists/${id}/upload`);
  await visitor.fill("#pasted", codes("GOOD", 3).join("\n"));
  await visitor.click("text=Add them");
  await visitor.waitForURL("**/files/*");
  while ((await visitor.locator(".figures").count()) === 0) await visitor.reload();
  const other = await admin();
  for (const told of [/2 people got another code\./, /0 people got another code, 2 had one already\./]) {
    await other.goto(file);
    await other.getByRole("button", { name: "Give them another code" }).click();
    assert.match(await other.textContent(".message"), told);
  }
  await other.goto(`${workspace}/lists/${id}/handed-out`);
  assert.equal(await other.locator("tbody tr").count(), 4);
  assert.equal(await other.locator("tbody", { hasText: "GOOD-" }).count(), 1);
  assertQuiet(other);
});
