// Follows the system's light or dark preference; paper is always light. Runs before the first
// paint, so it is not deferred.
(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const paper = window.matchMedia("print");
  const apply = () => {
    document.documentElement.dataset.bsTheme = dark.matches && !paper.matches ? "dark" : "light";
  };
  dark.addEventListener("change", apply);
  paper.addEventListener("change", apply);
  apply();
})();
