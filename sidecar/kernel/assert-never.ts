/** Ends an exhaustive `switch`: a state that nobody handles is a compile error, and at run time a loud one. */
export function assertNever(state: never): never {
  throw new Error(`unhandled state: ${JSON.stringify(state)}`);
}
