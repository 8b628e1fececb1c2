// A request that tells how far it is on its way: fetch does not.

/**
 * @param {string} path
 * @param {FormData} form
 * @param {Record<string, string>} headers
 * @param {(share: number) => void} progress from 0 to 1 as the body goes out
 * @param {AbortSignal} [signal]
 * @returns {Promise<Response>} as fetch gives it
 * @throws {TypeError} where there is no answer, and a DOMException named AbortError where `signal` ended it
 */
export function upload(path, form, headers, progress, signal) {
  return new Promise((answer, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", ({ loaded, total }) => total && progress(loaded / total));
    request.addEventListener("load", () => {
      const type = request.getResponseHeader("content-type") ?? "";
      const wait = request.getResponseHeader("retry-after") ?? "";
      answer(new Response(request.responseText, { status: request.status, headers: { "content-type": type, "retry-after": wait } }));
    });
    request.addEventListener("error", () => fail(new TypeError("no answer")));
    request.addEventListener("abort", () => fail(new DOMException("stopped", "AbortError")));
    signal?.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}
