// What is said to the agent when something does not work: what, why, and what to do.

export const AWAY = "The box does not answer. The page tries again by itself; calls that are up go on.";
export const TAKEN_OVER = "The phone was opened in another window, which has it now.";
export const SIGNED_OUT = "You are not signed in any more. Sign in again.";
export const SILENT = "The browser plays no sound before you click somewhere on this page: click once, so that it can ring.";
export const REFUSED = "The telephone service refused this phone. It asks for a new account and tries again.";
export const RECONNECTING = "The telephone service was lost. The page connects again by itself; a call that is up goes on.";
export const NO_SOUND = "The sound of the call was lost. It is being connected again.";

export const NO_DIGITS = "This call carries no digits. Speak instead, or hang up and dial again.";

export function unreachable(address) {
  return `The telephone service at ${address} cannot be reached. If this computer uses the box for the first ` +
    "time, import the box's certificate authority (under Settings) and start the browser again. " +
    "If it worked before, the page goes on trying; tell those who look after the box.";
}

export function messages(count) {
  if (!count) return "";
  return `${count === 1 ? "There is a new voice message" : `There are ${count} new voice messages`}: dial *98.`;
}

const MICROPHONE = {
  NotAllowedError: "The browser may not use the microphone. Allow it beside the page's address, then try again.",
  NotFoundError: "There is no microphone. Plug in the headset, then try again.",
  OverconstrainedError: "The chosen microphone is gone. Choose another under Settings, or plug it in.",
  NotReadableError: "The microphone is used by another program. Close that one, then try again.",
};

export function microphone(error) {
  if (!window.isSecureContext || !navigator.mediaDevices) {
    return "The browser gives the microphone to https pages alone. Open this page by https://.";
  }
  return MICROPHONE[error.name] || `The microphone cannot be used (${error.message || error.name}). Try again.`;
}

// Answers to a call of ours, RFC 3261 21.
const ANSWERS = {
  403: "You may not dial this number. Ask those who look after the box for the permission.",
  404: "There is no such number.",
  408: "Nobody answered.",
  410: "There is no such number any more.",
  480: "Nobody can be reached there now.",
  484: "The number is not complete.",
  486: "Busy.",
  488: "The two phones have no way to speak in common. Tell those who look after the box.",
  500: "The box could not make the call. Try again.",
  502: "The line did not take the call. Try again.",
  503: "No line is free. Try again in a moment.",
  600: "Busy.",
  603: "Declined.",
};
const CAUSES = {
  "User Denied Media Access": "The browser may not use the microphone. Allow it beside the page's address.",
  "No Answer": "Nobody answered.",
  "Request Timeout": "The box did not answer. Try again.",
  "Connection Error": "The telephone service was lost. Try again when it is back.",
  Canceled: "",
};

export function failed(status, cause) {
  return ANSWERS[status] ?? CAUSES[cause] ?? (status ? `The call failed (${status}).` : `The call failed (${cause}).`);
}
