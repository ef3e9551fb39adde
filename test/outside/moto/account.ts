/** The account of moto's callers who assumed no role. */
export const MOTO_ACCOUNT = '123456789012';
