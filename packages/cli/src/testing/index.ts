/** For the tests of this package: a manager that answers what a test says. */
export * from './fake-manager.js'
