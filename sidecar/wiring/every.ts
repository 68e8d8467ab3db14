/**
 * Runs something every so many milliseconds, and gives what calls it off. What takes longer than the time between two turns is not begun a
 * second time.
 */
export function every(ms: number, run: () => Promise<void>): () => void {
  let isRunning = false;
  const timer = setInterval(async () => {
    if (isRunning) return;
    isRunning = true;
    await run();
    isRunning = false;
  }, ms);
  timer.unref();
  return () => clearInterval(timer);
}
