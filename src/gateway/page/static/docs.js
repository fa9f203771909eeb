// Puts Swagger UI in the place of the table of endpoints, which stays where there is no script.

// Its own layout has a second main region and a second head.
const onlyOperations = ({ React }) => ({
  components: {
    OnlyOperations: ({ getComponent }) => {
      const parts = [getComponent("SvgAssets"), getComponent("errors", true), getComponent("operations", true)];
      return React.createElement("div", { className: "swagger-ui" }, ...parts.map((one) => React.createElement(one)));
    },
  },
});

SwaggerUIBundle({
  url: document.getElementById("openapi").href,
  dom_id: "#endpoints",
  plugins: [onlyOperations],
  layout: "OnlyOperations",
  deepLinking: false, // would put links into buttons, which screen readers cannot tell apart
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  validatorUrl: null, // no other server is asked
});
