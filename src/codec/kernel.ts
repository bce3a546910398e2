/** A WebAssembly module that needs no imports; it is compiled once, when it is first used. */
export class Kernel<Exports> {
  private module: WebAssembly.Module | undefined;

  constructor(private readonly base64: string) {}

  /** A new instance with a memory of its own. */
  instantiate(): Exports & { readonly memory: WebAssembly.Memory } {
    this.module ??= new WebAssembly.Module(Uint8Array.from(atob(this.base64), (char) => char.charCodeAt(0)));
    const { exports } = new WebAssembly.Instance(this.module);
    return exports as unknown as Exports & { readonly memory: WebAssembly.Memory };
  }
}
