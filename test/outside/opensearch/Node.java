import static org.codelibs.opensearch.runner.OpenSearchRunner.newConfigs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.codelibs.opensearch.runner.OpenSearchRunner;

/**
 * One OpenSearch node on the loopback address. Arguments: port, folder for its data, id of the process that it ends with.
 * Writes `ready` into the folder when it answers.
 */
public class Node {
  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[0]);
    Path folder = Path.of(args[1]);
    ProcessHandle owner = ProcessHandle.of(Long.parseLong(args[2])).orElseThrow();

    OpenSearchRunner runner = new OpenSearchRunner();
    // Else ports above 9299 are refused.
    runner.setMaxHttpPort(-1);
    runner.onBuild((number, settings) -> {
      settings.put("discovery.type", "single-node");
      settings.put("network.host", "127.0.0.1");
      // Each test has indexes of its own; how full this machine's disk is has nothing to do with them.
      settings.put("cluster.max_shards_per_node", 20000);
      settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
    });
    runner.build(newConfigs().basePath(folder.toString()).numOfNode(1).baseHttpPort(port - 1)
        .moduleTypes(transport()).clusterName("rekback-test").useLogger());
    Files.writeString(folder.resolve("ready"), "");

    while (owner.isAlive()) Thread.sleep(500);
    // Its owner was killed, or it would have ended this process: its folder may be memory.
    try (Stream<Path> files = Files.walk(folder.getParent())) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    }
    Runtime.getRuntime().halt(0);
  }
  /** The only module that an index of ours needs. */
  private static String transport() {
    try {
      return Class.forName("org.opensearch.transport.Netty4ModulePlugin").getName();
    } catch (ClassNotFoundException beforeVersion3) {
      return "org.opensearch.transport.Netty4Plugin";
    }
  }
}
