import { assignRole, type Draft } from './draft.js';
import { INSTRUCTIONS } from './prompt-members.js';

/** Follows the members of the outermost object and gives the role `system` to the text of those that instruct. */
export interface Instructions {
  /** The next member begins; its name is the last segment. */
  member(name: string): void;
  /** The object ends; `isDisputed`: readers differ on what it says, so that nothing gets a role. */
  end(isDisputed: boolean): void;
}

interface Member {
  readonly name: string;
  readonly firstSegment: number;
}

export function createInstructions(draft: Draft): Instructions {
  const names = new Set<string>();
  let repeated: Set<string> | undefined;
  const found: { readonly name: string; readonly from: number; readonly to: number }[] = [];
  let open: Member | undefined;
  const close = (to: number) => {
    if (open) found.push({ name: open.name, from: open.firstSegment, to });
    open = undefined;
  };
  return {
    member(name) {
      close(draft.segments.length - 1);
      if (names.size === names.add(name).size) {
        repeated ??= new Set();
        repeated.add(name);
      }
      if (INSTRUCTIONS.has(name)) open = { name, firstSegment: draft.segments.length };
    },
    end(isDisputed) {
      close(draft.segments.length);
      if (isDisputed) return;
      for (const { name, from, to } of found) {
        const isOne = !repeated?.has(name) && INSTRUCTIONS.get(name)?.some((companion) => names.has(companion));
        if (isOne) assignRole(draft, from, 'system', to);
      }
    },
  };
}
