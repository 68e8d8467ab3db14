/** A place in a file; both count from 1, columns in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A YAML or JSON value with its place, anchors and merge keys resolved. */
export type Tree = Place &
  (
    | { readonly kind: 'scalar'; readonly value: string | number | boolean | null; readonly textPlace: TextPlace }
    | { readonly kind: 'list'; readonly items: readonly Tree[] }
    | { readonly kind: 'map'; readonly fields: ReadonlyMap<string, Field> }
  );

/** One entry of a map. Its place is that of the key. */
export interface Field extends Place {
  /** The key as it is written. */
  readonly name: string;
  readonly value: Tree;
}

/** Where a place inside a text is in the file that holds the text; exact for block scalars, else the text's own place. */
export type TextPlace = (inside: Place) => Place;

/**
 * The field of a map by its name in Envoy's protos, in snake case. Protobuf's JSON form takes the name in camel case too.
 * A null counts as absent, as it does there.
 */
export function field(tree: Tree | undefined, snakeName: string): Field | undefined {
  if (tree?.kind !== 'map') return undefined;
  const found = tree.fields.get(snakeName) ?? tree.fields.get(camelCase(snakeName));
  return found?.value.kind === 'scalar' && found.value.value === null ? undefined : found;
}

/** The value below a path of such names. */
export function at(tree: Tree | undefined, ...path: readonly string[]): Tree | undefined {
  return path.reduce<Tree | undefined>((inner, name) => field(inner, name)?.value, tree);
}

/** The items of the list below a path; a single value counts as a list of one. */
export function listAt(tree: Tree | undefined, ...path: readonly string[]): readonly Tree[] {
  const found = at(tree, ...path);
  if (found === undefined) return [];
  return found.kind === 'list' ? found.items : [found];
}

/** The entries of the map below a path. */
export function fieldsAt(tree: Tree | undefined, ...path: readonly string[]): readonly Field[] {
  const found = at(tree, ...path);
  return found?.kind === 'map' ? [...found.fields.values()] : [];
}

/** The text below a path; numbers and booleans as they print. */
export function textAt(tree: Tree | undefined, ...path: readonly string[]): string | undefined {
  const found = at(tree, ...path);
  return found?.kind === 'scalar' ? String(found.value) : undefined;
}

/** Whether a field says true. Envoy's and Kubernetes' YAML readers take the words of YAML 1.1 for it, too. */
export function isTrue(of: Field | undefined): boolean {
  return of?.value.kind === 'scalar' && /^(true|yes|on|y)$/i.test(String(of.value.value));
}

/** A whole number, as such or as text; undefined for anything else. */
export function numberOf(tree: Tree | undefined): number | undefined {
  if (tree?.kind !== 'scalar' || tree.value === null || typeof tree.value === 'boolean') return undefined;
  const text = String(tree.value).trim();
  return /^\d{1,15}(\.0*)?$|^\d(\.\d+)?e\d{1,2}$/i.test(text) ? Number(text) : undefined;
}

/** `snakeName` in the style of the map that it belongs to: camel case if other names there are. */
export function nameIn(tree: Tree | undefined, snakeName: string): string {
  const names = tree?.kind === 'map' ? [...tree.fields.keys()] : [];
  if (names.some((name) => /^[a-z]+_[a-z_]+$/.test(name))) return snakeName;
  return names.some((name) => /^[a-z]+[A-Z]\w*$/.test(name)) ? camelCase(snakeName) : snakeName;
}

/** `pack_as_bytes` as `packAsBytes`. */
export function camelCase(snakeName: string): string {
  return snakeName.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** A value and everything below it, outermost first. */
export function* everyMap(tree: Tree): Generator<Tree & { kind: 'map' }> {
  if (tree.kind === 'list') for (const item of tree.items) yield* everyMap(item);
  if (tree.kind !== 'map') return;
  yield tree;
  for (const { value } of tree.fields.values()) yield* everyMap(value);
}

/** Whether some text of a value, keys left out, holds a word, whatever its case. */
export function mentions(tree: Tree | undefined, word: string): boolean {
  if (tree === undefined) return false;
  if (tree.kind === 'list') return tree.items.some((item) => mentions(item, word));
  if (tree.kind === 'map') return [...tree.fields.values()].some(({ value }) => mentions(value, word));
  return String(tree.value).toLowerCase().includes(word);
}
