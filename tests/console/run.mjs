// Starts the program with a private PostgreSQL of its own, runs the tests against it, and ends it.
// node run.mjs PROGRAM

import { spawn, execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startProvider } from "./provider.mjs";

const program = process.argv[2];
const here = dirname(fileURLToPath(import.meta.url));
const data = mkdtempSync(join(tmpdir(), "couponry-console-"));
// PostgreSQL runs as another user where this is root.
chmodSync(data, 0o755);

const port = await new Promise((resolve) => {
  const listener = createServer();
  listener.listen(0, "127.0.0.1", () => {
    const { port } = listener.address();
    listener.close(() => resolve(port));
  });
});
const url = `http://127.0.0.1:${port}`;
const provider = await startProvider(url);
const environment = {
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  COUPONRY_LISTEN: `127.0.0.1:${port}`,
  COUPONRY_DATA_DIR: join(data, "data"),
  COUPONRY_BOOTSTRAP_WORKSPACE_ID: "shop",
  COUPONRY_BOOTSTRAP_API_KEY: "key-of-the-console-tests",
  COUPONRY_OUTBOUND_ALLOW: "127.0.0.0/8",
  COUPONRY_RATE_LIMITS: "off",
  ...provider.environment,
};

let log = "";
const server = spawn(program, ["serve"], { env: environment, stdio: ["ignore", "ignore", "pipe"] });
server.stderr.on("data", (chunk) => {
  log += chunk;
});
const setup = await new Promise((resolve, reject) => {
  server.on("exit", (code) => reject(new Error(`the server ended with ${code}\n${log}`)));
  server.stderr.on("data", () => {
    const link = log.match(/http:[^"]*\/console\/link\/[0-9a-f]{64}/);
    if (link && log.includes('"listening"')) resolve(link[0]);
  });
});
server.removeAllListeners("exit");

const tests = readdirSync(here).filter((file) => file.endsWith(".test.mjs")).sort();
const runner = spawn(process.execPath, ["--test", "--test-concurrency=1", ...tests], {
  cwd: here,
  env: {
    ...process.env,
    CONSOLE_URL: url,
    CONSOLE_SETUP: setup,
    CONSOLE_PROGRAM: program,
    CONSOLE_ENVIRONMENT: JSON.stringify(environment),
  },
  stdio: "inherit",
});
const code = await new Promise((resolve) => runner.on("exit", resolve));
server.kill("SIGINT");
await new Promise((resolve) => server.on("exit", resolve));
provider.stop();
rmSync(data, { recursive: true, force: true });
const broken = log.split("\n").filter((line) => line.includes('"level":"ERROR"'));
if (broken.length > 0) {
  console.error(`the server's log has errors:\n${broken.join("\n")}`);
}
process.exit(code === 0 && broken.length === 0 ? 0 : 1);
