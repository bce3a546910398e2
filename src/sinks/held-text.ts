export { HeldText } from '../rdb/values/held-text.js';
