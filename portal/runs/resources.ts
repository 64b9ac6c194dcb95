/* The resources of an agent that a run's events and a stack's state are read for, by the ends of their types. */

export const AGENT = /^masumi:index:Agent$/;
/** Their creation means that the crew answers, whatever the hosting. */
export const RUNS = /:(CrewProcess|SharedAgent|EcsRollout|DockerStart)$/;
export const REGISTRATION = /:AgentRegistration$/;
export const CONFIRMATION = /:AgentConfirmation$/;
