// Before the first paint: the theme that was chosen, so that the page does not flash in the other one, and the words
// of the language (as i18n.js finds it), so that they come along with the code. And should a part of the page not
// come through, the whole is loaded again, a few times, before anybody is asked to.
(() => {
  const COUNT = "unstill.again";
  const MOST = 3;
  try {
    const theme = JSON.parse(localStorage.getItem("unstill.theme") || "null");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is off: the system's theme it is.
  }

  const spoken = () => {
    try {
      const kept = JSON.parse(localStorage.getItem("unstill.language") || "null");
      if (["en", "zh-CN", "zh-TW"].includes(kept)) return kept;
    } catch {
      // As above.
    }
    const first = navigator.languages.map((one) => one.toLowerCase()).find((one) => /^(zh|en)/.test(one)) ?? "en";
    if (first.startsWith("en")) return "en";
    return /hant|-tw|-hk|-mo/.test(first) ? "zh-TW" : "zh-CN";
  };
  for (const name of [spoken(), `${spoken()}_rooms`]) {
    const words = document.createElement("link");
    words.rel = "modulepreload";
    words.href = `/assets/words/${name}.js`;
    document.head.append(words);
  }

  // Only once the server answers: a browser's own page for a server that is away has no way back.
  const reload = () => {
    fetch("/healthz", { cache: "no-store" }).then(() => location.reload(), () => setTimeout(reload, 2000));
  };
  // In both languages, for the words may be what is missing.
  const say = () => {
    const view = document.getElementById("view");
    if (!view) addEventListener("DOMContentLoaded", say);
    if (!view || view.childElementCount) return;
    const text = document.createElement("h1");
    text.textContent = "This page did not load. 页面没有加载出来。";
    const button = document.createElement("button");
    button.className = "button primary";
    button.textContent = "Load again 重新加载";
    button.addEventListener("click", reload);
    const lone = document.createElement("div");
    lone.className = "lone";
    lone.append(text, button);
    view.append(lone);
  };
  const again = () => {
    let tries = MOST + 1; // without storage nobody can count, and a page that loads for ever helps nobody
    try {
      tries = Number(sessionStorage.getItem(COUNT)) + 1;
      sessionStorage.setItem(COUNT, String(tries));
    } catch {
      // As above.
    }
    if (tries <= MOST) setTimeout(reload, tries * 1500);
    else say();
  };
  addEventListener("error", (event) => event.target instanceof HTMLScriptElement && again(), true);
  addEventListener("unstill:incomplete", again);
  addEventListener("unstill:complete", () => {
    try {
      sessionStorage.removeItem(COUNT);
    } catch {
      // As above.
    }
  });
})();
