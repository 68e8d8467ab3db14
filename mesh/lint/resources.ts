import { LIMITS } from '../../sidecar/kernel/limits.js';
import { type NodeBudget, type ReadFault, readDocuments } from './read-documents.js';
import { at, field, fieldsAt, listAt, type Tree, textAt } from './tree.js';

/** One document of a file, or one object of a list in it, or one that is embedded in it as text. */
export interface Resource {
  readonly tree: Tree;
  /** `kind` of a Kubernetes object; empty for everything else. */
  readonly kind: string;
  /** API group of a Kubernetes object, without its version. */
  readonly group: string;
}

/** What a file holds. */
export interface Resources {
  readonly resources: readonly Resource[];
  readonly faults: readonly ReadFault[];
}

/** Reads a file: all documents, the items of Kubernetes lists, and what ConfigMaps hold as text. */
export function readResources(text: string): Resources {
  const budget: NodeBudget = { nodes: LIMITS.meshNodesMax };
  const { trees, faults } = readDocuments(text, budget);
  const objects = trees.flatMap(expandList).map(resourceOf);
  const embedded = objects.filter(({ kind }) => kind === 'ConfigMap').map(({ tree }) => readConfigMap(tree, budget));
  return {
    resources: [...objects, ...embedded.flatMap(({ resources }) => resources)],
    faults: [...faults, ...embedded.flatMap((found) => found.faults)],
  };
}

function expandList(tree: Tree): readonly Tree[] {
  return textAt(tree, 'kind') === 'List' && at(tree, 'items') ? listAt(tree, 'items') : [tree];
}

function resourceOf(tree: Tree): Resource {
  const isObject = field(tree, 'apiVersion') !== undefined;
  const version = textAt(tree, 'apiVersion') ?? '';
  const group = version.includes('/') ? version.slice(0, version.indexOf('/')) : '';
  return { tree, kind: isObject ? (textAt(tree, 'kind') ?? '') : '', group };
}

/** Istio keeps its mesh configuration under `mesh`; people keep Envoy's in files of their own. */
function readConfigMap(tree: Tree, budget: NodeBudget): Resources {
  const found = fieldsAt(tree, 'data').flatMap(({ name, value }) => {
    const isFile = name === 'mesh' || /\.(ya?ml|json)$/i.test(name);
    if (!isFile || value.kind !== 'scalar' || typeof value.value !== 'string') return [];
    return [readDocuments(value.value, budget, value.textPlace)];
  });
  return {
    resources: found.flatMap(({ trees }) => trees.flatMap(expandList).map(resourceOf)),
    faults: found.flatMap(({ faults }) => faults),
  };
}
