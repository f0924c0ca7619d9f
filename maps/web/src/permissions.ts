/** The acts a session may do, named as the server's table names them. */
export const PLOT = "plot by voice";
export const CLEAR_DISTRESS = "clear distress";
export const ASSIGN = "assign radios";
export const ADD_UNIT = "manage units";
export const SEE_SENT = "see what a radio sent";
export const SEE_REJECTED = "see rejected frames";
export const SEE_MESSAGES = "see messages";
export const MESSAGE_RADIOS = "message radios";
export const RELAY_DISTRESS = "relay distress";
export const ACKNOWLEDGE = "acknowledge alerts";
export const SHELVE = "shelve alerts";
export const RESOLVE = "resolve alerts";
export const ANSWER = "answer hand-offs";
export const OFFER = "offer hand-offs";
export const ENROL = "enrol phones";
export const SUSPEND = "suspend agreements";
export const SEE_TRACKS = "see tracks";
