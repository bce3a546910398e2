/** How long a run that follows a log may take to end, once it is interrupted. */
const END_MS = 15_000;

/** A signal that follows another after some time, in which a run can come to its end. */
export function lateEnd(signal: AbortSignal): { readonly signal: AbortSignal; cancel(): void } {
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const begin = () => {
    timer = setTimeout(() => late.abort(), END_MS);
  };
  signal.addEventListener('abort', begin, { once: true });
  return {
    signal: late.signal,
    cancel() {
      signal.removeEventListener('abort', begin);
      clearTimeout(timer);
    },
  };
}
