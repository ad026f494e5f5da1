/** Sends a form without leaving the page. */

/** Resolves to "" when the site took it, else to what a person should read. */
export async function post(form) {
  try {
    const response = await fetch(form.action, { method: "POST", body: new FormData(form) });
    if (response.ok) return "";
    const isJson = response.headers.get("content-type")?.startsWith("application/json");
    if (isJson) return (await response.json()).error.message;
    return `The site answered ${response.status}. Load this page again and retry.`;
  } catch {
    return "The site did not answer. Is it running?";
  }
}
