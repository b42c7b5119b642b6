// What the tests share: a browser, people who have signed in, lists, and a page that tells everything that goes wrong on it.

import { execFileSync } from "node:child_process";
import assert from "node:assert/strict";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

export const url = process.env.CONSOLE_URL;
export const workspace = `${url}/console/w/shop`;
export const PASSWORD = "correct horse battery";

const environment = JSON.parse(process.env.CONSOLE_ENVIRONMENT);
const key = Buffer.from(`shop:${environment.COUPONRY_BOOTSTRAP_API_KEY}`).toString("base64");

let browser;

export async function open() {
  browser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-background-networking"],
  });
  return browser;
}

export async function close() {
  await browser?.close();
  browser = undefined;
}

/** A page of a browser of its own. What goes wrong on it is told by `assertQuiet`. */
export async function page(options = {}) {
  const context = await (await open()).newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.trouble = [];
  page.on("console", (message) => {
    // What a server refuses is seen by its status below.
    if (["error", "warning"].includes(message.type()) && !message.text().startsWith("Failed to load resource")) {
      page.trouble.push(message.text());
    }
  });
  page.on("pageerror", (error) => page.trouble.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith("data:")) page.trouble.push(`asked ${request.url()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 500) page.trouble.push(`${response.status()} ${response.url()}`);
  });
  return page;
}

export function assertQuiet(page) {
  assert.deepEqual(page.trouble, []);
}

/** Nothing that keeps people out who see, hear or move otherwise. */
export async function assertAccessible(page, what) {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
  const grave = violations.filter((one) => ["serious", "critical"].includes(one.impact));
  const told = grave.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`);
  assert.deepEqual(told, [], what);
}

let people = 0;

/** Somebody made by the command line, who is admin, signed in by the link that comes with it. */
export async function admin(options) {
  people += 1;
  const email = `person-${process.pid}-${people}@example.com`;
  const made = execFileSync(process.env.CONSOLE_PROGRAM, ["person", "create", "--email", email, "--name", "Ada Lovelace"], {
    env: environment,
  });
  const visitor = await page(options);
  await visitor.goto(JSON.parse(made).link);
  await visitor.fill("#password", PASSWORD);
  await visitor.fill("#again", PASSWORD);
  await visitor.click("main button");
  await signIn(visitor, email, PASSWORD);
  await visitor.waitForURL(`${workspace}/lists`);
  visitor.email = email;
  return visitor;
}

export async function signIn(page, email, password) {
  await page.goto(`${url}/console/sign-in`);
  await page.fill("#email", email);
  await page.fill("#password", password);
  await page.click("main button");
}

export async function api(method, path, body, headers = {}) {
  const isJson = body !== undefined && !(body instanceof FormData);
  const answer = await fetch(`${url}/v1${path}`, {
    method,
    headers: { authorization: `Basic ${key}`, ...(isJson ? { "content-type": "application/json" } : {}), ...headers },
    body: isJson ? JSON.stringify(body) : body,
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

let lists = 0;

/** A list with these codes, made by the API. */
export async function list(name, codes = []) {
  lists += 1;
  const label = `label-${process.pid}-${lists}`;
  const made = await api("POST", "/coupon-list", {
    name: name ?? `List ${label}`,
    label,
    expires_at: "2099-12-31",
    created_by: "tests",
    email_alert_subscribers: [],
  });
  if (codes.length > 0) {
    const form = new FormData();
    form.set("file", new Blob([csv(codes)]), "codes.csv");
    const file = await api("POST", `/coupon-list/${made._id}/files/upload`, form);
    await loaded(made._id, file._id);
  }
  return made._id;
}

export function csv(codes) {
  return `Coupon Code\n${codes.join("\n")}\n`;
}

export function codes(prefix, number) {
  return Array.from({ length: number }, (_, n) => `${prefix}-${n}`);
}

export async function loaded(list, file) {
  for (let tries = 0; tries < 600; tries += 1) {
    const { status } = await api("GET", `/coupon-list/${list}/files/${file}`);
    if (status === "SUCCESS") return;
    assert.notEqual(status, "FAILED");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("the file was not loaded within half a minute");
}

export async function take(list, user, more = {}) {
  return api("POST", `/coupon-list/${list}/allocations`, { user_id: user, ...more });
}
