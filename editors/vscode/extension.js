// Starts `ordain lsp` for the folder that is open, and again when its settings change. All else is said by the server.
"use strict";

const path = require("path");
const { commands, window, workspace } = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

let client;

function made() {
  const settings = workspace.getConfiguration("ordain");
  const folder = workspace.workspaceFolders?.[0]?.uri.fsPath;
  const named = settings.get("command", "ordain");
  const command = folder && named.includes("/") && !path.isAbsolute(named) ? path.join(folder, named) : named;
  const server = {
    command,
    args: settings.get("arguments", ["lsp"]),
    transport: TransportKind.stdio,
    options: { cwd: folder },
  };
  const files = ["**/facts.yaml", "**/services.yaml", "**/v*.yaml"];
  return new LanguageClient("ordain", "Ordain", server, {
    documentSelector: files.map((pattern) => ({ scheme: "file", pattern })),
    synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.{yaml,yml,dmn}") },
  });
}

async function start() {
  client = made();
  try {
    await client.start();
  } catch (error) {
    window.showErrorMessage(`Ordain's language server does not start: ${error.message}. See the setting ordain.command.`);
  }
}

async function stop() {
  const gone = client;
  client = undefined;
  if (gone?.isRunning()) {
    await gone.stop();
  }
}

async function restart() {
  await stop();
  await start();
}

async function activate(context) {
  context.subscriptions.push(commands.registerCommand("ordain.restart", restart));
  context.subscriptions.push(
    workspace.onDidChangeConfiguration((change) => (change.affectsConfiguration("ordain") ? restart() : undefined)),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
