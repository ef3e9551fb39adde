import static org.codelibs.opensearch.runner.OpenSearchRunner.newConfigs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.codelibs.opensearch.runner.OpenSearchRunner;

/**
 * The same as Node, with the security plugin. In the folder for its data there must be node_1/config with node.pem, node-key.pem
 * and, in opensearch-security, the plugin's own configuration.
 */
public class SecurityNode {
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
      settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
      settings.put("http.cors.enabled", false);
      settings.put("transport.type", "org.opensearch.security.ssl.http.netty.SecuritySSLNettyTransport");
      settings.put("http.type", "org.opensearch.security.http.SecurityHttpServerTransport");
      settings.put("plugins.security.ssl.transport.pemcert_filepath", "node.pem");
      settings.put("plugins.security.ssl.transport.pemkey_filepath", "node-key.pem");
      settings.put("plugins.security.ssl.transport.pemtrustedcas_filepath", "node.pem");
      settings.put("plugins.security.ssl.transport.enforce_hostname_verification", false);
      settings.put("plugins.security.ssl.http.enabled", false);
      settings.put("plugins.security.allow_default_init_securityindex", true);
      settings.putList("plugins.security.nodes_dn", "CN=node");
      settings.putList("plugins.security.authcz.admin_dn", "CN=nobody");
      settings.putList("plugins.security.restapi.roles_enabled", "all_access", "security_rest_api_access");
      settings.put("plugins.security.audit.type", "noop");
    });
    runner.build(newConfigs().basePath(folder.toString()).numOfNode(1).baseHttpPort(port - 1)
        .moduleTypes(transport()).pluginTypes("org.opensearch.security.OpenSearchSecurityPlugin")
        .clusterName("rekback-test").useLogger());
    Files.writeString(folder.resolve("ready"), "");

    while (owner.isAlive()) Thread.sleep(500);
    // Its owner was killed, or it would have ended this process: its folder may be memory.
    try (Stream<Path> files = Files.walk(folder.getParent())) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    }
    Runtime.getRuntime().halt(0);
  }

  /** The only module that an index of ours needs; the plugin's transport is made of it. */
  private static String transport() {
    try {
      return Class.forName("org.opensearch.transport.Netty4ModulePlugin").getName();
    } catch (ClassNotFoundException beforeVersion3) {
      return "org.opensearch.transport.Netty4Plugin";
    }
  }
}
