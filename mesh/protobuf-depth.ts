import { createWireField, readField, WIRE } from '../sidecar/kernel/protobuf-wire.js';

/**
 * Which fields of a message are messages themselves, by field number. A length-delimited field says nothing about
 * what it holds: without this table a string could be taken for a message, and the depth would be a guess.
 */
export type MessageShape = readonly (MessageShape | undefined)[];

/** Message names to field numbers to message names, as a table that can be compared with the .proto file. */
export type ShapeTable = { readonly [message: string]: { readonly [fieldNumber: number]: string } };

/** What `checkNesting` found. */
export type NestingResult = 'ok' | 'malformed' | 'too_deep';

/**
 * Checks a whole message, before anything decodes it: every field is well formed and ends inside its parent, and
 * messages are nested at most `depthMax` deep (the outermost one counts as 1). Iterative, in one pass over the keys,
 * in memory that grows with the depth only; never throws.
 */
export function checkNesting(bytes: Uint8Array, shape: MessageShape, depthMax: number): NestingResult {
  const field = createWireField();
  const shapes = [shape];
  const ends = [bytes.length];
  let at = 0;
  while (ends.length > 0) {
    const end = ends[ends.length - 1] as number;
    if (at === end) {
      ends.pop();
      shapes.pop();
      continue;
    }
    if (!readField(bytes, at, end, field)) return 'malformed';
    const child = field.type === WIRE.bytes ? shapes[shapes.length - 1]?.[field.number] : undefined;
    if (child === undefined) {
      at = field.to;
      continue;
    }
    if (ends.length >= depthMax) return 'too_deep';
    shapes.push(child);
    ends.push(field.to);
    at = field.from;
  }
  return 'ok';
}

/** Ties the names of a table together and returns the shape of `root`. Throws RangeError for a name it does not have. */
export function shapeOf(table: ShapeTable, root: string): MessageShape {
  const shapes = new Map<string, (MessageShape | undefined)[]>(Object.keys(table).map((name) => [name, []]));
  const named = (name: string): (MessageShape | undefined)[] => {
    const shape = shapes.get(name);
    if (shape === undefined) throw new RangeError(`no message ${name} in the table of shapes`);
    return shape;
  };
  for (const [name, fields] of Object.entries(table)) {
    for (const [fieldNumber, child] of Object.entries(fields)) named(name)[Number(fieldNumber)] = named(child);
  }
  return named(root);
}
