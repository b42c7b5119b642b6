// A certified OpenID Connect provider (https://github.com/panva/node-oidc-provider) on this machine, which believes everybody.

import { createServer } from "node:http";
import Provider from "oidc-provider";

/** What the provider says of somebody who signs in under this name. */
function claims(name) {
  return {
    sub: name,
    name: `${name[0].toUpperCase()}${name.slice(1)} of the provider`,
    email: `${name}@provider.example`,
    email_verified: !name.startsWith("unverified"),
    roles: name.startsWith("stranger") ? ["owner"] : ["staff", "shop:manager"],
  };
}

/** Starts it for the console at this address; answers what the console has to be told. */
export async function startProvider(console_url) {
  // The issuer has the port in its name, so the port comes first.
  let handle;
  const server = createServer((request, response) => handle(request, response));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const client = { client_id: "couponry", client_secret: "a secret of both: & more" };
  const provider = new Provider(issuer, {
    clients: [{ ...client, redirect_uris: [`${console_url}/console/sign-in/provider/back`] }],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "roles"] },
    findAccount: (_, name) => ({ accountId: name, claims: () => claims(name) }),
    pkce: { required: () => true },
    cookies: { keys: ["of the tests"] },
  });
  handle = provider.callback();
  return {
    environment: {
      COUPONRY_PUBLIC_URL: console_url,
      COUPONRY_OIDC_ISSUER: issuer,
      COUPONRY_OIDC_CLIENT_ID: client.client_id,
      COUPONRY_OIDC_CLIENT_SECRET: client.client_secret,
      COUPONRY_OIDC_ROLE_CLAIM: "roles",
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
