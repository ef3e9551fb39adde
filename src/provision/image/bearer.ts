/**
 * A token that whoever asks may have, as public registries want one for reading too:
 * https://distribution.github.io/distribution/spec/auth/token/
 *
 * @param challenge - the `WWW-Authenticate` header of the refusal
 * @param get - the body at the address of the tokens
 * @returns undefined where the registry wants a login instead, or gives no token
 */
export async function bearerToken(
  challenge: string,
  get: (realm: URL) => Promise<Uint8Array>,
): Promise<string | undefined> {
  const [, parameters] = /^Bearer\s+(.*)$/i.exec(challenge) ?? [];
  if (parameters === undefined) return undefined;
  const { realm, ...asked } = Object.fromEntries(
    [...parameters.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [
      name.toLowerCase(),
      value,
    ]),
  );
  if (realm === undefined || !URL.canParse(realm)) return undefined;
  const url = new URL(realm);
  for (const name of ['service', 'scope']) {
    const value = asked[name];
    if (value !== undefined) url.searchParams.set(name, value);
  }
  const answer: unknown = JSON.parse(Buffer.from(await get(url)).toString());
  const { token, access_token } = Object(answer);
  return [token, access_token].find((each) => typeof each === 'string');
}
