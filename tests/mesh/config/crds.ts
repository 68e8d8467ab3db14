import Ajv from 'ajv';
import { parseAllDocuments } from 'yaml';
import type { Json } from '../../envoy/sample-config.js';

/** Says what is wrong with a Kubernetes object, as `path: problem`. */
export type CrdChecker = (resource: Json) => string[];

/**
 * Checks objects against custom resource definitions, strictly: Kubernetes drops fields that a definition does not have, here
 * they are problems. Rules in CEL are not checked.
 */
export function createCrdChecker(definitions: string): CrdChecker {
  const crds: Json[] = parseAllDocuments(definitions)
    .map((document) => document.toJS())
    .filter((crd) => crd?.kind === 'CustomResourceDefinition');
  return (resource) => {
    const [group, version] = resource.apiVersion.split('/');
    const crd = crds.find(({ spec }) => spec.group === group && spec.names.kind === resource.kind);
    const served = crd?.spec.versions.find(({ name }: Json) => name === version);
    if (!served) return [`no definition of ${resource.apiVersion} ${resource.kind}`];
    const ajv = new Ajv({ allErrors: true, unknownFormats: 'ignore', logger: false });
    // What every object has is not in every definition.
    const { apiVersion: _version, kind: _kind, metadata: _metadata, ...own } = resource;
    const validate = ajv.compile({ ...strict(served.schema.openAPIV3Schema), required: [] });
    if (validate(own)) return [];
    return (validate.errors ?? []).map(({ dataPath, message, params }) => {
      const unknown = (params as { additionalProperty?: string }).additionalProperty;
      const place = dataPath.replaceAll('.', '/');
      return `${place}: ${unknown === undefined ? message : `unknown field ${unknown}`}`;
    });
  };
}

/** The schema with every object closed that has named fields and is not declared open. */
function strict(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(strict);
  if (schema === null || typeof schema !== 'object') return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, strict(value)]));
  const isObject = schema.type === 'object' && schema.properties && !schema.additionalProperties;
  return isObject && !schema['x-kubernetes-preserve-unknown-fields']
    ? { ...inner, additionalProperties: false }
    : inner;
}
