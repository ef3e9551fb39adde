/** An organization; an account is in one at most. */
export interface Organization {
  id: string;
  /** Account that owns it. */
  management: string;
  members: string[];
  /** Accounts that may ask for effective policies; the management account always may. */
  readers: string[];
  /** Effective opt-out policy for AI services, as text; undefined when there is none. */
  aiOptOut: string | undefined;
}

export interface OrganizationsState {
  /** Callers cannot make any: no part of the dump. */
  _organizations: Organization[];
}

export function organizationOf(state: OrganizationsState, account: string): Organization | undefined {
  return state._organizations.find(
    ({ management, members }) => management === account || members.includes(account),
  );
}
