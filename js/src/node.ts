export { type FileOptions, FileStore } from "./stores/file.js";
