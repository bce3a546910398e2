import { RdbkitError } from '../errors.js';

/** Says why a format cannot express a value; the key fails with that cause. */
export class Unwritable extends RdbkitError {
  constructor(message: string) {
    super('TARGET_INCOMPATIBLE', message);
  }
}
