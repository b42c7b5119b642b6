// Every page that links lead to, in both themes and two widths.

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { after, test } from "node:test";
import { admin, api, assertAccessible, assertQuiet, close, codes, csv, list, loaded, take, url, workspace } from "./console.mjs";

after(close);

/** All pages that can be reached without sending a form; of many of a kind the first few. */
async function crawl(visitor, from) {
  const kinds = new Map();
  const seen = new Set();
  const waiting = from;
  while (waiting.length > 0) {
    const next = waiting.shift();
    const kind = new URL(next).pathname.replace(/[0-9a-f]{24}/g, "id").replace(/codes\/.*/, "codes/code");
    if (seen.has(next) || (kinds.get(kind) ?? 0) >= 2) continue;
    seen.add(next);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    await visitor.goto(next);
    const links = await visitor.$$eval("a[href]:not([download])", (all) => all.map((a) => a.href.split("#")[0]));
    waiting.push(...links.filter((link) => link.startsWith(`${url}/console`)));
  }
  return [...seen];
}

test("every page is in order: for those who see, hear and move otherwise, in every theme and width", async () => {
  const visitor = await admin();
  const id = await list("Crawled", codes("C", 40));
  for (let n = 0; n < 5; n += 1) await take(id, `user-${n}`, { hold_seconds: n % 2 ? 600 : undefined });
  const checked = new FormData();
  checked.set("file", new Blob([csv([...codes("D", 40), "x,y"])]), "checked.csv");
  checked.set("dry_run", "true");
  await loaded(id, (await api("POST", `/coupon-list/${id}/files/upload`, checked))._id);
  await visitor.goto(`${workspace}/people`);
  await visitor.fill("#email", "invited@example.com");
  await visitor.click("text=Make the invitation");
  assert.match(await visitor.inputValue("#link"), /\/console\/link\//);
  await assertAccessible(visitor, "an invitation's link");
  const pages = await crawl(visitor, [
    `${workspace}/lists`, `${workspace}/lists/${id}`, `${workspace}/find?q=user-1`, `${workspace}/lists/${id}/handed-out`,
    `${workspace}/lists/${id}/handed-out?status=HELD`,
    `${workspace}/nowhere`,
  ]);
  assert.ok(pages.length >= 10, `only ${pages.length} pages were found`);
  for (const colorScheme of ["light", "dark"]) {
    await visitor.emulateMedia({ colorScheme });
    for (const width of [1280, 390, 320]) {
      await visitor.setViewportSize({ width, height: 900 });
      for (const page of pages) {
        const what = `${page} ${colorScheme} ${width}`;
        await visitor.goto(page);
        assert.equal(await visitor.locator("h1").count(), 1, what);
        assert.match(await visitor.title(), /couponry/, what);
        const root = await visitor.evaluate(() => ({
          lang: document.documentElement.lang,
          wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        }));
        assert.deepEqual(root, { lang: "en", wide: 0 }, what);
        if (width !== 320) await assertAccessible(visitor, what);
      }
    }
  }
  assertQuiet(visitor);
});

test("the first view weighs at most 60 KB", async () => {
  const visitor = await admin();
  const bodies = [];
  visitor.on("response", (response) => bodies.push(response.body().catch(() => Buffer.alloc(0))));
  await visitor.goto(`${workspace}/lists`, { waitUntil: "networkidle" });
  const sizes = (await Promise.all(bodies)).map((body) => gzipSync(body).length);
  const sum = sizes.reduce((one, other) => one + other, 0);
  assert.ok(sizes.length >= 3 && sum <= 60_000, `${sum} bytes in ${sizes.length} answers`);
});
