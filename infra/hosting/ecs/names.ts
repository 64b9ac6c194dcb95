/** Returns the path that the names of an agent's log group and parameters are made of: /<project>/<stack>/<agent id>. */
export const agentPath = (project: string, stack: string, agentId: string): string =>
  `/${project}/${stack}/${agentId}`;
