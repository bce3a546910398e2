/** Exports and memory of a WebAssembly module that needs no imports. */
export function instantiate<Exports>(base64: string): Exports & { readonly memory: WebAssembly.Memory } {
  const binary = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(binary));
  return instance.exports as unknown as Exports & { readonly memory: WebAssembly.Memory };
}
