// A video dropped on the library, or picked there: its settings go to the composer.
import { takeFiles, usePicture } from "./create/picture.js";
import { toast } from "./dialog.js";
import { el } from "./dom.js";
import { t } from "./i18n.js";
import { complain } from "./library_delete.js";
import { takeVideo } from "./library_take.js";

/** Pictures that no video of ours can be. */
const STILL = /^image\/(?!gif|webp)/;

/**
 * Read a video's settings and open the composer with them; say what is wrong where that fails. A picture
 * goes to the composer as it is.
 * @param {File} file
 */
export async function takeAndGo(file) {
  const end = toast(t("library.reading", { name: file.name }), { seconds: 60 });
  try {
    if (!STILL.test(file.type)) await takeVideo(file);
    else if (!(await usePicture(file, file.name))) return;
    location.hash = "#/";
  } catch (problem) {
    complain(problem);
  } finally {
    end();
  }
}

/**
 * Take files that are dropped anywhere on the page, or pasted; while one is above it, say what would happen.
 * @param {HTMLElement} root
 * @param {(file: File) => void} take
 * @returns {() => void} stops it
 */
export function dropZone(root, take) {
  const veil = el("div", { class: "drop-veil", hidden: true, "aria-hidden": "true" }, el("p", { text: t("library.drop_here") }));
  root.append(veil);
  return takeFiles((over) => (veil.hidden = !over), take);
}
