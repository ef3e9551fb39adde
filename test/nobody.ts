const NOBODY = 65_534;

/** Runs `work` without root's right to read everything: as `nobody` where the tests run as root, else as they are. */
export async function withoutPrivileges<T>(work: () => Promise<T>): Promise<T> {
  const { geteuid, seteuid, setegid } = process;
  if (geteuid === undefined || seteuid === undefined || setegid === undefined || geteuid() !== 0)
    return work();
  setegid(NOBODY);
  seteuid(NOBODY);
  try {
    return await work();
  } finally {
    seteuid(0);
    setegid(0);
  }
}
