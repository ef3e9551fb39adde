export const isLoopback = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host);

/** The proxy that the usual variables name for an address; none for this machine. */
export function proxyFor(
  url: URL,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const named = (name: string) => environment[name.toLowerCase()] || environment[name];
  const proxy = url.protocol === 'https:' ? named('HTTPS_PROXY') : named('HTTP_PROXY');
  if (!proxy || isLoopback(url.hostname)) return undefined;
  const exempt = (named('NO_PROXY') ?? '').split(/[\s,]+/).filter((part) => part !== '');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isExempt = exempt.some((part) => {
    if (part === '*' || part === url.host) return true;
    const suffix = part.replace(/^\*?\./, '');
    return host === suffix || host.endsWith(`.${suffix}`);
  });
  return isExempt ? undefined : proxy;
}
