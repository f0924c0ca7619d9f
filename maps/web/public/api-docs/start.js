// Shows /api/openapi.json of this server. What changes nothing can be tried, as whoever is signed in.
window.SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#interface",
  supportedSubmitMethods: ["get"],
  docExpansion: "none",
  defaultModelsExpandDepth: -1,
  deepLinking: true,
  filter: true,
  validatorUrl: null,
});
