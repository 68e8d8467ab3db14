/** A program, or a file of data, that `install.mjs` pins. */
export type ToolName = 'envoy' | 'ghz' | 'grpcurl' | 'h2spec' | 'otelcol' | 'istio-crds' | 'envoy-gateway-crds';

/** What `installTool` rejects with: `message` is the reason, in one line. */
export interface InstallError extends Error {
  /** The last lines that the failed child printed, or '' if none ran. */
  output: string;
}

/** The absolute path of a program, or undefined unless its pinned version is installed. */
export function toolPath(name: ToolName): string | undefined;

/** The command that installs a program, for a shell at the root of the repository. */
export function installHint(name: ToolName): string;

/** Installs a program unless it is there. Resolves to its path, rejects with an `InstallError`. */
export function installTool(name: ToolName): Promise<string>;
