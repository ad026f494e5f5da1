/** Sends a form without leaving the page. */

/** Resolves to "" when the site took it, else to what a person should read. */
export async function post(form) {
  return (await send(form)).trouble;
}

/** Resolves to {data, trouble}: what the site answered, or what a person should read. */
export async function send(form) {
  try {
    const response = await fetch(form.action, { method: "POST", body: new FormData(form) });
    const isJson = response.headers.get("content-type")?.startsWith("application/json");
    const data = isJson ? await response.json() : null;
    if (response.ok) return { data, trouble: "" };
    const trouble =
      data?.error.message ?? `The site answered ${response.status}. Load this page again and retry.`;
    return { data: null, trouble };
  } catch {
    return { data: null, trouble: "The site did not answer. Is it running?" };
  }
}
