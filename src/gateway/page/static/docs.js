// Puts Swagger UI in the place of the table of endpoints, which stays where there is no script.

SwaggerUIBundle({
  url: document.getElementById("openapi").href,
  dom_id: "#endpoints",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  validatorUrl: null, // no other server is asked
});
