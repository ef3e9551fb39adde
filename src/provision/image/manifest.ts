import type { BaseImage, BasePlatform } from './base.ts';
import { type Descriptor, type Document, descriptorOf, documentOf } from './descriptor.ts';
import { FOLDER, type Layer } from './layer.ts';

const TYPES = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
};

/** An image as it is pushed: layers of a base, ours, and what says how they belong together. */
export interface Image {
  index: Document;
  manifests: readonly Document[];
  configs: readonly Document[];
  /** Those of the base, each once. */
  baseLayers: readonly Descriptor[];
  layer: Layer;
}

/**
 * How a container of the image is started. Its user is numeric, as no name has to be known for it; what starts containers
 * need not set a home then, without which the SDK can't look for its configuration.
 */
export const START = {
  entrypoint: ['node', `/${FOLDER}/run.mjs`],
  /** `node` in the official images. */
  user: '1000:1000',
  env: { NODE_ENV: 'production', HOME: `/${FOLDER}` },
};

/** https://github.com/opencontainers/image-spec/blob/main/annotations.md#pre-defined-annotation-keys */
export const labelsOf = (version: string, base: string): Readonly<Record<string, string>> => ({
  'org.opencontainers.image.title': 'rekback',
  'org.opencontainers.image.description': 'Labels the images of a bucket: planner and worker',
  'org.opencontainers.image.version': version,
  'org.opencontainers.image.licenses': 'MIT',
  'org.opencontainers.image.base.name': base,
});

/** The same base and layer make the same image, digest included. Always in OCI's form, whatever the base's is. */
export function composeImage(base: BaseImage, layer: Layer, version: string): Image {
  const made = base.platforms.map((each) => composePlatform(each, layer, labelsOf(version, base.pinned)));
  const layers = base.platforms.flatMap((each) => each.layers);
  return {
    layer,
    baseLayers: [...new Map(layers.map((each) => [each.digest, each])).values()],
    configs: made.map(({ config }) => config),
    manifests: made.map(({ manifest }) => manifest),
    index: documentOf(TYPES.index, {
      schemaVersion: 2,
      mediaType: TYPES.index,
      manifests: made.map(({ manifest, platform }) => ({ ...descriptorOf(manifest), platform })),
    }),
  };
}

function composePlatform(
  { platform, layers, config: base }: BasePlatform,
  layer: Layer,
  labels: Readonly<Record<string, string>>,
) {
  const { entrypoint, user, env } = START;
  const { Cmd, Healthcheck, ...inherited }: Record<string, unknown> = { ...base.config };
  const ours = Object.keys(env);
  const others = (base.config?.Env ?? []).filter((each) => !ours.includes(each.split('=', 1)[0] ?? ''));
  const created = base.created ?? new Date(0).toISOString();
  const config = documentOf(TYPES.config, {
    ...base,
    ...platform,
    // Now would make each build another.
    created,
    config: {
      ...inherited,
      User: user,
      Env: [...others, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
      Entrypoint: entrypoint,
      WorkingDir: `/${FOLDER}`,
      Labels: { ...base.config?.Labels, ...labels },
    },
    rootfs: { ...base.rootfs, diff_ids: [...base.rootfs.diff_ids, layer.diffId] },
    ...(base.history && { history: [...base.history, { created, created_by: 'rekback' }] }),
  });
  const manifest = documentOf(TYPES.manifest, {
    schemaVersion: 2,
    mediaType: TYPES.manifest,
    config: descriptorOf(config),
    layers: [...layers, layer.descriptor],
  });
  return { platform, config, manifest };
}
