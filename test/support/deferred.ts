/** A promise and the means to settle it. */
export function deferred(): { promise: Promise<void>; settle: () => void } {
  let settle = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { promise, settle };
}

/** Lets everything run that is ready to. */
export const turns = () => new Promise((resolve) => setImmediate(resolve));
