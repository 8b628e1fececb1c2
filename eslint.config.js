// Lint for the studio's page. What is a matter of types (unknown names among them) is TypeScript's: jsconfig.json.
import js from "@eslint/js";

const MARKUP = "Text is shown as text: build elements and set textContent.";
const INLINE = "The page's content security policy forbids inline style and script.";

export default [
  js.configs.recommended,
  {
    files: ["src/unstill/apps/studio/page/**/*.js"],
    languageOptions: { ecmaVersion: 2023, sourceType: "module" },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-undef": "off",
      "array-callback-return": "error",
      curly: ["error", "multi-line"],
      eqeqeq: ["error", "always", { null: "ignore" }],
      "max-lines": ["error", { max: 300, skipBlankLines: false, skipComments: false }],
      "no-alert": "error",
      "no-console": ["error", { allow: ["error"] }],
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-script-url": "error",
      "no-unused-vars": ["error", { args: "after-used", argsIgnorePattern: "^_" }],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML", "createContextualFragment", "setHTMLUnsafe"].map(
          (property) => ({ property, message: MARKUP }),
        ),
        { object: "document", property: "write", message: MARKUP },
        { property: "cssText", message: INLINE },
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: "CallExpression[callee.property.name='setAttribute'][arguments.0.value=/^(style|on.+)$/]",
          message: INLINE,
        },
        {
          selector: ":matches(ImportDeclaration, ExportAllDeclaration, ExportNamedDeclaration)[source.value=/^[^.]/]",
          message: "The page stands alone: import its own files, by relative path.",
        },
      ],
    },
  },
];
