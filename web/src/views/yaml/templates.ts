/** Manifests to begin with. Each is whole: applied as it is, it does something that can be seen. */

export interface Template {
  readonly kind: string;
  /** The file that is made of it. */
  readonly file: string;
  readonly yaml: string;
}

/** Groups as a learner meets them. */
export type TemplateGroup = 'workloads' | 'network' | 'configuration' | 'storage' | 'policy';

export const TEMPLATES: Readonly<Record<TemplateGroup, readonly Template[]>> = {
  workloads: [
    {
      kind: 'Deployment',
      file: 'deployment.yaml',
      yaml: `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 25%
      maxUnavailable: 25%
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: nginx
        image: nginx:1.17.1
        ports:
        - containerPort: 80
        resources:
          requests:
            cpu: 100m
            memory: 64Mi
        readinessProbe:
          httpGet:
            path: /
            port: 80
          periodSeconds: 2
`,
    },
    {
      kind: 'StatefulSet',
      file: 'statefulset.yaml',
      yaml: `apiVersion: v1
kind: Service
metadata:
  name: db
spec:
  clusterIP: None
  selector:
    app: db
  ports:
  - port: 5432
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: db
spec:
  serviceName: db
  replicas: 3
  selector:
    matchLabels:
      app: db
  template:
    metadata:
      labels:
        app: db
    spec:
      containers:
      - name: postgres
        image: postgres:16
        ports:
        - containerPort: 5432
`,
    },
    {
      kind: 'DaemonSet',
      file: 'daemonset.yaml',
      yaml: `apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: agent
spec:
  selector:
    matchLabels:
      app: agent
  updateStrategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 1
  template:
    metadata:
      labels:
        app: agent
    spec:
      containers:
      - name: agent
        image: busybox:1.36
        command: [sh, -c, "while true; do date; sleep 10; done"]
`,
    },
    {
      kind: 'Pod',
      file: 'pod.yaml',
      yaml: `apiVersion: v1
kind: Pod
metadata:
  name: client
  labels:
    app: client
spec:
  containers:
  - name: shell
    image: busybox:1.36
    command: [sleep, infinity]
`,
    },
  ],
  network: [
    {
      kind: 'Service',
      file: 'service.yaml',
      yaml: `apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  type: ClusterIP
  selector:
    app: web
  ports:
  - name: http
    port: 80
    targetPort: 80
`,
    },
    {
      kind: 'Ingress',
      file: 'ingress.yaml',
      yaml: `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
spec:
  rules:
  - host: shop.example.com
    http:
      paths:
      - path: /
        pathType: Prefix
        backend:
          service:
            name: web
            port:
              number: 80
`,
    },
    {
      kind: 'NetworkPolicy',
      file: 'networkpolicy.yaml',
      yaml: `# Only pods with the label app=client may reach the pods of web, and only at port 80.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
spec:
  podSelector:
    matchLabels:
      app: web
  policyTypes: [Ingress]
  ingress:
  - from:
    - podSelector:
        matchLabels:
          app: client
    ports:
    - protocol: TCP
      port: 80
`,
    },
  ],
  configuration: [
    {
      kind: 'ConfigMap',
      file: 'configmap.yaml',
      yaml: `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  LOG_LEVEL: info
  app.conf: |
    greeting = hello
    workers = 4
`,
    },
    {
      kind: 'Secret',
      file: 'secret.yaml',
      yaml: `apiVersion: v1
kind: Secret
metadata:
  name: credentials
type: Opaque
stringData:
  username: admin
  password: change-me
`,
    },
    {
      kind: 'Namespace',
      file: 'namespace.yaml',
      yaml: `apiVersion: v1
kind: Namespace
metadata:
  name: dev
`,
    },
  ],
  storage: [
    {
      kind: 'PersistentVolumeClaim',
      file: 'pvc.yaml',
      yaml: `apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 1Gi
`,
    },
  ],
  policy: [
    {
      kind: 'PodDisruptionBudget',
      file: 'pdb.yaml',
      yaml: `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: web
spec:
  minAvailable: 2
  selector:
    matchLabels:
      app: web
`,
    },
    {
      kind: 'ResourceQuota',
      file: 'quota.yaml',
      yaml: `apiVersion: v1
kind: ResourceQuota
metadata:
  name: limits
spec:
  hard:
    pods: "10"
    requests.cpu: "2"
    requests.memory: 2Gi
`,
    },
    {
      kind: 'PriorityClass',
      file: 'priorityclass.yaml',
      yaml: `apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata:
  name: important
value: 100000
description: Pods that may push others out of the way.
`,
    },
  ],
};
