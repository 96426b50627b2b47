// Gives every block of lines a button that copies it; without script the lines can still be marked.
for (const button of document.querySelectorAll("button.copy")) {
  const text = button.closest("figure").querySelector("code").textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
}
